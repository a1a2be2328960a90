// The page of `htvae report`.
import { startPage } from "./start.js";

startPage();

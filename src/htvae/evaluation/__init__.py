"""How good a model is: figures beside yardsticks, a verdict, pictures."""

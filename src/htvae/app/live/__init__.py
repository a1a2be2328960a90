"""``htvae explore``: the report's page, answered by the model while one looks."""

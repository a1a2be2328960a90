"""Pictures: charts, drawn bodies, movies."""

"""How good a space is: meanrank, retrieval, each with its interval; of arrays alone, knows no archive."""

"""How each family of models is fitted, in the training worker and nowhere else."""

"""How people and programs reach the fund: the admin API, served by the process itself."""

"""Runs `python -m quantum_os` as the console script does."""

from quantum_os.cli.main import main

main()

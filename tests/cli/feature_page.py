"""Writes the page of features: `python -m tests.cli.feature_page > docs/features.md`."""

from quantum_os.cli.feature_page import feature_page

if __name__ == "__main__":
    print(feature_page(), end="")

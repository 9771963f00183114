"""What people see of the fund in a browser: pages of this process, filled by its own API."""

"""How the report of a training looks: the page of a run's report, with other sections."""

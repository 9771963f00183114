"""What is deployed: the unit of the service and the image, as far as they run here."""

"""The Faust agents of the hub, and the hardened transport they stand on."""

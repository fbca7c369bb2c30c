"""`hansard-bias doctor`: whether this machine and this folder are ready, and what can be trained here in what time."""

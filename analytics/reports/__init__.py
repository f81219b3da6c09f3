"""Reports as pages: what is shown is said once, and drawn on a terminal, as CSV and as one HTML file."""

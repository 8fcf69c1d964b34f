"""A verdict and its journal, rendered: HTML, JSON, the terminal. Renders, decides nothing."""

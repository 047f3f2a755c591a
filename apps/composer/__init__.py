"""The composer as a plain page, and JupyterLab's prompt line to the kernel."""

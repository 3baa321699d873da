"""What people see: the terminal, the legend and the customer card, from data the pipeline leaves."""

"""From the checkpoint of a training to one model file that has been seen to keep its word."""

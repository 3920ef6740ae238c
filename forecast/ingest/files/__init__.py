"""Files to sheets of text cells, and cells to numbers and times: nothing of their meaning."""

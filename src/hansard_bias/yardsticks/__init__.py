"""What an excess is compared with: n-gram models of parts of the training text, and topics of the test speeches."""

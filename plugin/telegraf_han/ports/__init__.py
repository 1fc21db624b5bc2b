"""The outside world as bytes: serial ports, sockets, programs and files to replay, and who may open them.

Nothing here knows what the bytes mean. May import `errors` and nothing else of ours.
"""

"""Looks at telegrams for a person: finds the meters in range, the type of a capture and the wrong key, and removes names from a capture.

Pure, like `decoding`. May import `decoding`, `config`, `receivers`, the protocols and the layers below them, but not `live`.
"""

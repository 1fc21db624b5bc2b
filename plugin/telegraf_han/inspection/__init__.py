"""What looks at telegrams for a person: who is in range, what a capture holds, which key is wrong, a capture without names.

Pure, like `decoding`, on which it is built. May import `decoding`, `config`, the protocols and what lies below them.
"""

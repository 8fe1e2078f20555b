"""TODO"""


def main():
    return 0

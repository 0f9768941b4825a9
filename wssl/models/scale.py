"""What every network asks of the scale that it is built for."""


def check_scale(size: int, width: int, halvings: int) -> None:
    """Raise a ValueError unless `size` halves so often and `width` is positive."""
    if size < 2**halvings or size % 2**halvings:
        raise ValueError(
            f"size: expected a positive multiple of {2**halvings}, since each of the {halvings} "
            f"blocks halves it; received {size}."
        )
    if width < 1:
        raise ValueError(f"width: expected a positive number of channels; received {width}.")

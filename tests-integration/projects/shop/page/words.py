from typing import Annotated

from shared.money import euros

from pivot import loaders, outputs


def page(
    bill: Annotated[dict[str, int], outputs.PlaceholderDep(loaders.JSON())],
) -> Annotated[str, outputs.Out("page.txt", loaders.Text())]:
    return f"To pay: {euros(bill['cents'])}\n"

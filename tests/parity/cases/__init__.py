"""The families of cases; importing them enters them into case.FAMILIES."""
from . import (conversions, elementwise, images, indexing, losses, modules, optimizers, products,
               random_numbers, reductions, schedules, views)

"""GraphiQL at each door, for developers: log in, read the schema, run examples that work.

Only in development. GraphiQL itself comes from a package that is installed for its files alone;
nothing is fetched from elsewhere by the browser.
"""

from service.graphiql.playground import Samples, playground_routes

__all__ = ["Samples", "playground_routes"]

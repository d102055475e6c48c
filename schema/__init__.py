"""Floor 4: the GraphQL schema of each door: types and resolvers, thin."""

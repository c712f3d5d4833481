package fault

// Faults that belong to no single room. A room declares its own beside its
// rules; codes.golden lists them all.
var (
	ErrInternal       = New(Internal, "internal", "Something broke on our side. The request id helps us to find it.")
	ErrInvalid        = New(Invalid, "invalid_request", "The request is not valid. See errors for each place.")
	ErrNotFound       = New(NotFound, "not_found", "There is no such object. Check the id and that the key may see it.")
	ErrRouteMissing   = New(NotFound, "route_not_found", "There is nothing at this URL. See the API reference for the list of routes.")
	ErrMethodMissing  = New(MethodMissing, "method_not_allowed", "This URL does not answer to this method. See the Allow header.")
	ErrNoCredentials  = New(Unauthenticated, "credentials_missing", "Send an API key or an access token: Authorization: Bearer <key>.")
	ErrBadCredentials = New(Unauthenticated, "credentials_invalid", "The API key is unknown, expired or revoked.")
	ErrScope          = New(Forbidden, "scope_missing", "The API key lacks the scope that this call needs.")
	ErrUnavailable    = New(Unavailable, "unavailable", "The service cannot take the request now. Retry with the same idempotency key.")
)

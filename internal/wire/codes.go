package wire

import "github.com/florinpay/florin/internal/fault"

// Codes of bad places in a request. They are as stable as the codes of faults
// and the same in every format.
const (
	CodeConflictingFields = "conflicting_fields"
	CodeDuplicateField    = "duplicate_field"
	CodeDuplicateValue    = "duplicate_value"
	CodeInvalidBase64     = "invalid_base64"
	CodeInvalidCharacter  = "invalid_character"
	CodeInvalidEmail      = "invalid_email"
	CodeInvalidTime       = "invalid_time"
	CodeInvalidUTF8       = "invalid_utf8"
	CodeInvalidValue      = "invalid_value"
	CodeMalformedJSON     = "malformed_json"
	CodeMalformedQuery    = "malformed_query"
	CodeNotAllowed        = "not_allowed_value"
	CodeNotAnInteger      = "not_an_integer"
	CodeOutOfRange        = "number_out_of_range"
	CodePattern           = "pattern"
	CodeRequired          = "required"
	CodeTooDeep           = "too_deep"
	CodeTooFew            = "too_few"
	CodeTooLarge          = "too_large"
	CodeTooLong           = "too_long"
	CodeTooMany           = "too_many"
	CodeTooShort          = "too_short"
	CodeTooSmall          = "too_small"
	CodeTrailingData      = "trailing_data"
	CodeUnknownCursor     = "unknown_cursor"
	CodeUnknownField      = "unknown_field"
	CodeUnknownValue      = "unknown_value"
	CodeWrongType         = "wrong_type"
)

// PlacesMax is how many bad places one answer names at most.
const PlacesMax = 20

// Invalid is the fault that names those bad places.
func Invalid(fields ...fault.Field) *fault.Fault {
	f := fault.ErrInvalid.With("%s", fault.ErrInvalid.Detail)
	f.Fields = fields
	return f
}

package api

import (
	"cmp"
	"slices"

	"github.com/florinpay/florin/internal/fault"
)

// Codes of bad places in a request. They are as stable as the codes of faults
// and the same in every format.
const (
	codeConflictingFields = "conflicting_fields"
	codeDuplicateField    = "duplicate_field"
	codeDuplicateValue    = "duplicate_value"
	codeInvalidBase64     = "invalid_base64"
	codeInvalidCharacter  = "invalid_character"
	codeInvalidEmail      = "invalid_email"
	codeInvalidTime       = "invalid_time"
	codeInvalidUTF8       = "invalid_utf8"
	codeInvalidValue      = "invalid_value"
	codeMalformedJSON     = "malformed_json"
	codeMalformedQuery    = "malformed_query"
	codeNotAllowed        = "not_allowed_value"
	codeNotAnInteger      = "not_an_integer"
	codeOutOfRange        = "number_out_of_range"
	codePattern           = "pattern"
	codeRequired          = "required"
	codeTooDeep           = "too_deep"
	codeTooFew            = "too_few"
	codeTooLarge          = "too_large"
	codeTooLong           = "too_long"
	codeTooMany           = "too_many"
	codeTooShort          = "too_short"
	codeTooSmall          = "too_small"
	codeTrailingData      = "trailing_data"
	codeUnknownCursor     = "unknown_cursor"
	codeUnknownField      = "unknown_field"
	codeUnknownValue      = "unknown_value"
	codeWrongType         = "wrong_type"
)

// fieldsReported is how many bad places one answer names at most.
const fieldsReported = 20

// invalid is the fault that names those bad places.
func invalid(fields ...fault.Field) *fault.Fault {
	f := fault.ErrInvalid.With("%s", fault.ErrInvalid.Detail)
	f.Fields = fields
	return f
}

func sortMembers(list []*member) {
	slices.SortFunc(list, func(a, b *member) int { return cmp.Compare(a.field.Number(), b.field.Number()) })
}

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
	CodeMalformedProtobuf = "malformed_protobuf"
	CodeMalformedQuery    = "malformed_query"
	CodeMalformedXML      = "malformed_xml"
	CodeMarkupRefused     = "markup_refused"
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

// Refusal is why a value is not taken: a code and a sentence. The zero Refusal
// means that it is.
type Refusal struct{ Code, Detail string }

// What each format refuses in the same words.
var (
	refusedUnknown  = Refusal{CodeUnknownField, "There is no such field here. Check its spelling, or leave it out."}
	refusedGiven    = Refusal{CodeUnknownField, "The URL gives this field; leave it out of the body."}
	refusedTwice    = Refusal{CodeDuplicateField, "The field is there more than once."}
	refusedConflict = Refusal{CodeConflictingFields, "Another field is given that excludes this one."}

	refusals = map[string]Refusal{
		CodeInvalidCharacter: {CodeInvalidCharacter, "Control characters other than tabs and line ends, U+FFFE and U+FFFF are not taken: not every format can carry them."},
		CodeInvalidUTF8:      {CodeInvalidUTF8, "The text is not valid UTF-8."},
		CodeNotAnInteger:     {CodeNotAnInteger, "Must be a whole number without fraction, exponent, plus sign or leading zeros."},
		CodeOutOfRange:       {CodeOutOfRange, "The number is too large to be kept exactly."},
	}
)

// PlacesMax is how many bad places one answer names at most.
const PlacesMax = 20

// Invalid is the fault that names those bad places.
func Invalid(fields ...fault.Field) *fault.Fault {
	f := fault.ErrInvalid.With("%s", fault.ErrInvalid.Detail)
	f.Fields = fields
	return f
}

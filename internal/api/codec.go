package api

import (
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/florinpay/florin/internal/fault"
	"github.com/florinpay/florin/internal/wire"
)

// Faults of negotiation.
var (
	ErrMediaType     = fault.New(fault.MediaType, "media_type_unsupported", "The body's Content-Type is not one that is read here. Send application/json in UTF-8.")
	ErrNotAcceptable = fault.New(fault.NotAcceptable, "not_acceptable", "None of the formats in Accept can be answered. Accept application/json.")
)

// codec is one format of bodies. Another format is another entry in the table
// of codecs; nothing else changes.
type codec struct {
	media   string   // as requests and Accept name it, in lower case
	answer  []string // the Content-Type header of an answer
	problem []string // the Content-Type header of a problem
	decode  func(data []byte, m proto.Message, given wire.FieldSet) error
	encode  func(out []byte, m proto.Message) []byte
}

// codecs is the table, the preferred format first.
type codecs []codec

func newCodecs(all wire.Shapes) codecs {
	return codecs{{
		media:   "application/json",
		answer:  []string{"application/json; charset=utf-8"},
		problem: []string{"application/problem+json; charset=utf-8"},
		decode:  all.DecodeJSON,
		encode:  all.EncodeJSON,
	}}
}

// reads finds the codec for a request's Content-Type header; nil without one.
// Error: ErrMediaType.
func (t codecs) reads(header []string) (*codec, error) {
	if len(header) == 0 {
		return nil, nil
	}
	if len(header) > 1 {
		return nil, ErrMediaType.With("Send one Content-Type header.")
	}
	media, parameters, _ := strings.Cut(header[0], ";")
	c := t.named(strings.ToLower(strings.TrimSpace(media)))
	if c == nil || !utf8Only(parameters) {
		return nil, ErrMediaType
	}
	return c, nil
}

func (t codecs) named(media string) *codec {
	for i := range t {
		if t[i].media == media {
			return &t[i]
		}
	}
	return nil
}

// utf8Only reports whether the parameters of a media type are none, or the one
// that names the only charset read here.
func utf8Only(parameters string) bool {
	parameters = strings.TrimSpace(parameters)
	if parameters == "" {
		return true
	}
	name, value, _ := strings.Cut(parameters, "=")
	value = strings.Trim(strings.TrimSpace(value), `"`)
	return strings.EqualFold(strings.TrimSpace(name), "charset") && strings.EqualFold(value, "utf-8")
}

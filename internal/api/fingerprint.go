package api

import (
	"crypto/sha256"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// digestedField is the secret that tells one request from another; other secrets are
// left out of the fingerprint.
const digestedField = "card_number"

// fingerprint is a digest of a decoded request, the same in every format. A card
// number enters it as a keyed digest, so that what is stored cannot be tried
// against all card numbers; a CVV does not enter it at all (PCI DSS 3.3.1).
func (s *Server) fingerprint(call *Call, m proto.Message) ([]byte, error) {
	r := m.ProtoReflect()
	for _, x := range call.method.secrets {
		number := r.Get(x.Field)
		if number.String() == "" {
			continue
		}
		digest := ""
		if x.Name == digestedField {
			digest = s.CardDigest(call.Caller, number.String())
		}
		r.Set(x.Field, protoreflect.ValueOfString(digest))
		defer r.Set(x.Field, number)
	}
	buffer := buffers.Get().(*[]byte)
	defer release(buffer)
	data := (*buffer)[:0]
	data = append(data, call.method.procedure...)
	data = append(data, 0)
	data, err := proto.MarshalOptions{Deterministic: true}.MarshalAppend(data, m)
	*buffer = data
	sum := sha256.Sum256(data)
	return sum[:], err
}

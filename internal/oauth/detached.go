package oauth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/go-jose/go-jose/v4"
	strict "github.com/go-jose/go-jose/v4/json"

	"github.com/florinpay/florin/internal/db"
)

// headerFile is the member of the header that names the file: bytes alone may be those of
// another day, where nothing happened either. The name is ours (RFC 7515 §4.3).
const headerFile = "florin_file"

// SignStatement signs the bytes of a statement and the name of its file with the key that
// signs now, and gives a detached JWS: header..signature. Its type is its own, so that it
// passes for no token. Errors: those of the database and of the sealer. Source: RFC 7515
// appendix F, RFC 8725 §3.11.
func (s *Server) SignStatement(ctx context.Context, name string, content []byte) (string, error) {
	r, err := s.keyring.get(ctx)
	if err != nil {
		return "", err
	}
	signer, err := jose.NewSigner(r.key, (&jose.SignerOptions{}).WithType(typeStatement).WithHeader(headerFile, name))
	if err != nil {
		return "", err
	}
	o, err := signer.Sign(content)
	if err != nil {
		return "", err
	}
	return o.DetachedCompactSerialize()
}

// StatementKeys is the JWK Set of all keys that ever signed in a database, retired ones
// among them: a statement is kept longer than a token lives, and its key is no secret.
// Errors: those of the database.
func StatementKeys(ctx context.Context, d *db.DB) (string, error) {
	rows, err := keysEver(ctx, d)
	if err != nil {
		return "", err
	}
	set := struct {
		Keys []json.RawMessage `json:"keys"`
	}{[]json.RawMessage{}}
	for _, k := range rows {
		set.Keys = append(set.Keys, json.RawMessage(k.Public))
	}
	text, err := json.Marshal(set)
	return string(text), err
}

// Signed is what a good signature of a statement says.
type Signed struct {
	Key  string // its id
	Name string // of the file
}

// VerifyStatement checks what SignStatement gave for the bytes, with the keys of a JWK
// Set in JSON, and tells the key and the file's name. The error says in words why not. What the
// header says never makes a key trusted. Source: RFC 8725 §3.
func VerifyStatement(content []byte, signature, keys string) (Signed, error) {
	var set jose.JSONWebKeySet
	if strict.Unmarshal([]byte(keys), &set) != nil {
		return Signed{}, errors.New("the keys are no JWK Set in JSON")
	}
	signature = strings.TrimSpace(signature)
	if header, rest, two := strings.Cut(signature, "."); !two || header == "" || len(rest) < 2 || rest[0] != '.' || strings.Contains(rest[1:], ".") {
		return Signed{}, errors.New("the signature is no detached JWS: it must read header..signature")
	}
	o, err := jose.ParseDetached(signature, content, algs)
	if err != nil || len(o.Signatures) != 1 {
		return Signed{}, errors.New("the signature cannot be read, or its algorithm is not one that is taken")
	}
	h := o.Signatures[0].Protected
	_, critical := h.ExtraHeaders["crit"]
	_, unpacked := h.ExtraHeaders["b64"]
	name, named := h.ExtraHeaders[headerFile].(string)
	switch kind := typeOf(h); {
	case kind != typeStatement:
		return Signed{}, fmt.Errorf("it signs no statement: its type is %q, not %q", kind, typeStatement)
	case critical || unpacked:
		return Signed{}, errors.New("the signature demands an extension that is not known here")
	case !named:
		return Signed{}, errors.New("the signature does not say which file it is of")
	case h.KeyID == "":
		return Signed{}, errors.New("the signature does not say by which key it was made")
	}
	key := among(&set)(h)
	switch {
	case key == nil:
		return Signed{}, fmt.Errorf("the key %q is not among the keys: they are of another server, or of another time", h.KeyID)
	case !strong(key, h.Algorithm):
		return Signed{}, fmt.Errorf("the key %q is not good for %s", h.KeyID, h.Algorithm)
	case o.DetachedVerify(content, key.Key) != nil:
		return Signed{}, errors.New("the signature does not fit: the file was changed, or it is another file's signature")
	}
	return Signed{h.KeyID, name}, nil
}

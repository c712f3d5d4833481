package oauth_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/florinpay/florin/internal/oauth"
)

// TestStatementsAreSigned: with the key that the server publishes, over exactly the bytes,
// and long after the key has been retired the database still knows it.
func TestStatementsAreSigned(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		content := []byte("a statement, \r\n\x00 byte for byte \xff")
		signature, err := w.s.SignStatement(t.Context(), "day.csv", content)
		must(t, err)
		published := w.get("/oauth/jwks").text
		told, err := oauth.VerifyStatement(content, signature+"\n", published)
		must(t, err)
		kid := told.Key
		if !strings.Contains(published, `"`+kid+`"`) || strings.Count(signature, ".") != 2 || !strings.Contains(signature, "..") {
			t.Errorf("%s by %s of %s", signature, kid, published)
		}
		first, _, _ := strings.Cut(signature, ".")
		header, err := base64.RawURLEncoding.DecodeString(first)
		must(t, err)
		if want := `{"alg":"ES256","florin_file":"day.csv","kid":"` + kid + `","typ":"florin-statement+jws"}`; string(header) != want || told.Name != "day.csv" {
			t.Errorf("the header is %s, want %s", header, want)
		}
		empty, err := w.s.SignStatement(t.Context(), "day.csv", []byte{})
		must(t, err)
		_, err = oauth.VerifyStatement([]byte{}, empty, published)
		must(t, err)

		must(t, w.s.Rotate(t.Context()))
		w.clock.Move(3 * time.Hour)
		must(t, w.s.Tend(t.Context()))
		if _, err := oauth.VerifyStatement(content, signature, w.get("/oauth/jwks").text); err == nil || !strings.Contains(err.Error(), "is not among the keys") {
			t.Errorf("the key has not been retired: %v", err)
		}
		ever, err := oauth.StatementKeys(t.Context(), w.d)
		must(t, err)
		_, err = oauth.VerifyStatement(content, signature, ever)
		must(t, err)
		if strings.Contains(ever, `"d"`) {
			t.Error("a private key is shown")
		}
	})
}

// TestWhatIsNoSignatureOfAStatement: each refusal says why.
func TestWhatIsNoSignatureOfAStatement(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		content := []byte("a statement")
		signature, err := w.s.SignStatement(t.Context(), "day.csv", content)
		must(t, err)
		keys := w.get("/oauth/jwks").text
		head, tail, _ := strings.Cut(signature, "..")
		stranger, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		must(t, err)
		told, err := oauth.VerifyStatement(content, signature, keys)
		must(t, err)
		kid := told.Key
		forged := func(kind string, id string) string {
			s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: stranger, KeyID: id}}, (&jose.SignerOptions{}).WithType(jose.ContentType(kind)).WithHeader("florin_file", "day.csv"))
			must(t, err)
			o, err := s.Sign(content)
			must(t, err)
			text, err := o.DetachedCompactSerialize()
			must(t, err)
			return text
		}
		none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"florin-statement+jws"}`))
		for _, x := range []struct{ content, signature, keys, want string }{
			{"another statement", signature, keys, "does not fit"},
			{"a statement", head + ".." + strings.ToUpper(tail), keys, "does not fit"},
			{"a statement", forged("florin-statement+jws", kid), keys, "does not fit"},
			{"a statement", forged("florin-statement+jws", "other"), keys, "is not among the keys"},
			{"a statement", forged("florin-statement+jws", ""), keys, "does not say by which key"},
			{"a statement", forged("at+jwt", kid), keys, "it signs no statement"},
			{"a statement", head + "." + base64.RawURLEncoding.EncodeToString(content) + "." + tail, keys, "no detached JWS"},
			{"a statement", none + "..", keys, "no detached JWS"},
			{"a statement", none + "..AAAA", keys, "cannot be read"},
			{"a statement", "", keys, "no detached JWS"},
			{"a statement", base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"ES256","kid":"`+kid+`","typ":"florin-statement+jws"}`)) + ".." + tail, keys, "which file"},
			{"a statement", base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"ES256","florin_file":"other.csv","kid":"`+kid+`","typ":"florin-statement+jws"}`)) + ".." + tail, keys, "does not fit"},
			{"a statement", signature, "{}", "is not among the keys"},
			{"a statement", signature, "no JSON", "no JWK Set"},
		} {
			if _, err := oauth.VerifyStatement([]byte(x.content), x.signature, x.keys); err == nil || !strings.Contains(err.Error(), x.want) {
				t.Errorf("%q with %q: %v, want %q", x.content, x.signature, err, x.want)
			}
		}
	})
}

// TestNoStatementPassesForAToken: not even one whose bytes are the claims of a token.
// Source: RFC 8725 §3.11.
func TestNoStatementPassesForAToken(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		now := w.clock.Now()
		claims, err := json.Marshal(map[string]any{
			"iss": w.base, "aud": w.base + "/v1", "sub": "x", "client_id": "x", "scope": "payments:write", "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(), "jti": "x",
		})
		must(t, err)
		signature, err := w.s.SignStatement(t.Context(), "day.csv", claims)
		must(t, err)
		token := strings.Replace(signature, "..", "."+base64.RawURLEncoding.EncodeToString(claims)+".", 1)
		r, err := http.NewRequestWithContext(t.Context(), "GET", w.base+"/v1/payments", nil)
		must(t, err)
		if access, err := w.s.Verifier().Check(t.Context(), r, token, "Bearer"); err == nil {
			t.Errorf("it is taken for a token of %+v", access)
		}
	})
}

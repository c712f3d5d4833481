package florin

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// DefaultWebhookTolerance is how far a delivery's timestamp may be from now, either way.
const DefaultWebhookTolerance = 5 * time.Minute

// What a delivery may bring: whoever finds the URL can send one, and each signature is
// work.
const (
	webhookIDMax         = 256      // characters
	webhookSignatureMax  = 16 << 10 // characters of the header; 100 signatures have 9300
	webhookSignaturesMax = 100
)

// WebhookOption changes how [VerifyWebhook] judges a delivery.
type WebhookOption func(*webhookSettings)

type webhookSettings struct {
	tolerance time.Duration
	now       time.Time
}

// WithTolerance is how far the timestamp may be from now, either way: longer than 0.
// Without it, [DefaultWebhookTolerance].
func WithTolerance(d time.Duration) WebhookOption {
	return func(s *webhookSettings) { s.tolerance = d }
}

// WithNow judges the timestamp as if it were now that instant: for tests, and for
// deliveries that were kept.
func WithNow(now time.Time) WebhookOption { return func(s *webhookSettings) { s.now = now } }

// VerifyWebhook says whether a delivery is the platform's, and gives its event. A thin
// event has no Data.
//
// body is the request's body as it came: JSON that was read and written anew has other
// bytes. keys are secrets (whsec_…) and public keys (whpk_…) of the endpoint; a
// signature of any of them is enough, so that old and new overlap in a rotation.
//
// Error: ErrWebhook if the delivery cannot be trusted, with the Code
// webhook_header_missing, webhook_header_invalid, webhook_timestamp_invalid,
// webhook_too_old, webhook_too_new, webhook_signature_mismatch or webhook_event_invalid;
// ErrInvalidRequest if a key or the tolerance cannot be used, whatever was delivered
// (webhook_key_invalid, webhook_tolerance_invalid).
//
// A delivery can come more than once: its header webhook-id is the same each time.
//
// Source: Standard Webhooks 1.0.0.
func VerifyWebhook(body []byte, h http.Header, keys []string, options ...WebhookOption) (*Event, error) {
	s := webhookSettings{tolerance: DefaultWebhookTolerance, now: time.Now()}
	for _, o := range options {
		o(&s)
	}
	if s.tolerance <= 0 {
		return nil, unfit("webhook_tolerance_invalid", "The tolerance must be longer than 0.")
	}
	known, err := readWebhookKeys(keys)
	if err != nil {
		return nil, err
	}
	d, err := readDelivery(h)
	if err != nil {
		return nil, err
	}
	if err := d.fresh(&s); err != nil {
		return nil, err
	}
	if !d.signed(body, known) {
		return nil, untrusted("webhook_signature_mismatch", "No signature is of this delivery by one of the keys. "+
			"Pass the body's bytes as they came, and the keys of this endpoint.")
	}
	event := new(Event)
	if err := json.Unmarshal(body, event); err != nil || !bytes.HasPrefix(bytes.TrimLeft(body, " \t\r\n"), []byte("{")) {
		return nil, &Error{Family: ErrWebhook, Code: "webhook_event_invalid", Detail: "The body is signed and is no event.", cause: err}
	}
	return event, nil
}

// untrusted is why a delivery is refused.
func untrusted(code, detail string) *Error {
	return &Error{Family: ErrWebhook, Code: code, Detail: detail}
}

// webhookKey is a secret or a public key.
type webhookKey struct {
	version string // of the signatures that it is for: the bytes of one kind are never used as the other
	bytes   []byte
}

// readWebhookKeys reads keys from text. An error tells the place and not the key.
func readWebhookKeys(texts []string) ([]webhookKey, error) {
	if len(texts) == 0 {
		return nil, unfit("webhook_key_invalid", "There is no key. Pass the secret (whsec_…) or the public key (whpk_…) of the endpoint.")
	}
	keys := make([]webhookKey, 0, len(texts))
	for i, text := range texts {
		kind, rest, _ := strings.Cut(text, "_")
		raw, whole := fromBase64(rest)
		switch {
		case kind == "whsec" && whole && len(raw) >= 24 && len(raw) <= 64:
			keys = append(keys, webhookKey{"v1", raw})
		case kind == "whpk" && whole && len(raw) == ed25519.PublicKeySize:
			keys = append(keys, webhookKey{"v1a", raw})
		default:
			return nil, unfit("webhook_key_invalid", fmt.Sprintf("Key %d of %d is neither whsec_ with the base64 of 24 to 64 bytes "+
				"nor whpk_ with that of 32. Copy it whole, without quotes and spaces.", i+1, len(texts)))
		}
	}
	return keys, nil
}

// matches gives what says whether a signature is of the content by this key. It takes
// equally long for every wrong one.
func (k webhookKey) matches(content []byte) func(signature []byte) bool {
	if k.version == "v1a" {
		return func(signature []byte) bool { return ed25519.Verify(k.bytes, content, signature) }
	}
	mac := hmac.New(sha256.New, k.bytes)
	mac.Write(content)
	want := mac.Sum(nil)
	return func(signature []byte) bool { return hmac.Equal(want, signature) }
}

// delivery is what the headers of a delivery say.
type delivery struct{ id, timestamp, signatures string }

func readDelivery(h http.Header) (d delivery, _ error) {
	for _, x := range []struct {
		name string
		to   *string
	}{{"webhook-id", &d.id}, {"webhook-timestamp", &d.timestamp}, {"webhook-signature", &d.signatures}} {
		var values []string
		for name := range h { // Get finds no name that is written in another way than Go's own
			if strings.EqualFold(name, x.name) {
				values = append(values, h[name]...)
			}
		}
		switch {
		case len(values) == 0 || len(values) == 1 && values[0] == "":
			return d, untrusted("webhook_header_missing", "The header "+x.name+" is missing. Pass all headers of the request.")
		case len(values) > 1:
			return d, untrusted("webhook_header_invalid", "The header "+x.name+" is there more than once.")
		}
		*x.to = values[0]
	}
	switch {
	case len(d.id) > webhookIDMax || !visible(d.id):
		return d, untrusted("webhook_header_invalid", "The header webhook-id is not 1 to 256 printable ASCII characters without spaces.")
	case len(d.signatures) > webhookSignatureMax || strings.Count(d.signatures, " ") >= webhookSignaturesMax:
		return d, untrusted("webhook_header_invalid", "The header webhook-signature has more than 100 signatures or 16384 characters.")
	}
	return d, nil
}

// fresh refuses what was signed too far from now.
func (d delivery) fresh(s *webhookSettings) error {
	seconds, err := strconv.ParseInt(d.timestamp, 10, 64)
	if err != nil || len(d.timestamp) > 12 || strings.ContainsFunc(d.timestamp, func(r rune) bool { return r < '0' || r > '9' }) {
		return untrusted("webhook_timestamp_invalid", "The header webhook-timestamp is not a whole number of seconds since 1970.")
	}
	age := s.now.Sub(time.Unix(seconds, 0))
	switch {
	case age > s.tolerance:
		return untrusted("webhook_too_old", fmt.Sprintf("The delivery was signed more than %s ago. "+
			"It is a copy of an old one, or this machine's clock is ahead.", s.tolerance))
	case age < -s.tolerance:
		return untrusted("webhook_too_new", fmt.Sprintf("The delivery was signed more than %s from now. "+
			"This machine's clock is behind.", s.tolerance))
	}
	return nil
}

// signed says whether one of the signatures is of the body by one of the keys. Versions
// that are not known are passed over: a platform may add some.
func (d delivery) signed(body []byte, keys []webhookKey) bool {
	content := append([]byte(d.id+"."+d.timestamp+"."), body...)
	signatures := strings.Split(d.signatures, " ")
	for _, key := range keys {
		matches := key.matches(content)
		for _, s := range signatures {
			version, text, _ := strings.Cut(s, ",")
			if version != key.version {
				continue
			}
			if signature, whole := fromBase64(text); whole && matches(signature) {
				return true
			}
		}
	}
	return false
}

// fromBase64 reads standard base64 in the one way to write it: package base64 passes
// over line ends, and a key with some was not copied well.
func fromBase64(text string) ([]byte, bool) {
	raw, err := base64.StdEncoding.DecodeString(text)
	return raw, err == nil && base64.StdEncoding.EncodeToString(raw) == text
}

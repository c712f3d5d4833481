package florin

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The vector that Standard Webhooks publishes for version v1, and what RFC 8032 gives for
// the same delivery and a key whose seed is 0, 1, 2, … 31. The other languages' tests
// have the same.
const (
	vectorSecret    = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	vectorID        = "msg_p5jXN8AQM9LWM0D4loKWxJek"
	vectorTime      = 1614265330
	vectorBody      = `{"test": 2432232314}`
	vectorV1        = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
	vectorPublicKey = "whpk_A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg="
	vectorV1a       = "v1a,yoUrgEkc12aGqm0n4Sydmdz55xJfTz4AsAgieHFjmkR7LJtqVCZOQYzvvHjI5kAey+r4iaBGxTFRrl2iBQxtDQ=="
)

var (
	vectorNow   = time.Unix(vectorTime, 0)
	otherSecret = "whsec_" + base64.StdEncoding.EncodeToString([]byte(strings.Repeat("o", 32)))
	otherKey    = "whpk_" + base64.StdEncoding.EncodeToString(ed25519.NewKeyFromSeed(make([]byte, 32))[32:])
)

// delivered are the headers of a delivery.
func delivered(id, timestamp, signature string) http.Header {
	return http.Header{"Webhook-Id": {id}, "Webhook-Timestamp": {timestamp}, "Webhook-Signature": {signature}}
}

// vector are those of the vector, with other signatures.
func vector(signatures ...string) http.Header {
	return delivered(vectorID, strconv.Itoa(vectorTime), strings.Join(signatures, " "))
}

// sign makes a v1 signature.
func sign(t *testing.T, secret, content string) string {
	t.Helper()
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		t.Fatal(err)
	}
	return mac(key, content)
}

func mac(key []byte, content string) string {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(content))
	return "v1," + base64.StdEncoding.EncodeToString(m.Sum(nil))
}

func TestWebhookIsTrusted(t *testing.T) {
	lower := http.Header{"webhook-id": {vectorID}, "WEBHOOK-TIMESTAMP": {strconv.Itoa(vectorTime)}, "webhook-Signature": {vectorV1}}
	old := sign(t, otherSecret, vectorID+"."+strconv.Itoa(vectorTime)+"."+vectorBody)
	for name, x := range map[string]struct {
		headers http.Header
		keys    []string
		after   time.Duration
		options []WebhookOption
	}{
		"the published vector":     {headers: vector(vectorV1), keys: []string{vectorSecret}},
		"Ed25519":                  {headers: vector(vectorV1a), keys: []string{vectorPublicKey}},
		"both kinds, one key":      {headers: vector(vectorV1, vectorV1a), keys: []string{vectorPublicKey}},
		"the last of the keys":     {headers: vector(vectorV1), keys: []string{otherKey, otherSecret, vectorSecret}},
		"rotation, the old secret": {headers: vector(vectorV1, vectorV1a, old), keys: []string{otherSecret}},
		"rotation, the new secret": {headers: vector(old, vectorV1), keys: []string{vectorSecret}},
		"a version yet to come":    {headers: vector("v2,!", "v1", "", vectorV1), keys: []string{vectorSecret}},
		"100 signatures":           {headers: vector(append(repeat(old, 99), vectorV1)...), keys: []string{vectorSecret}},
		"headers in any case":      {headers: lower, keys: []string{vectorSecret}},
		"as old as allowed":        {headers: vector(vectorV1), keys: []string{vectorSecret}, after: 5 * time.Minute},
		"as new as allowed":        {headers: vector(vectorV1), keys: []string{vectorSecret}, after: -5 * time.Minute},
		"older, which is allowed":  {vector(vectorV1), []string{vectorSecret}, time.Hour, []WebhookOption{WithTolerance(time.Hour)}},
		"the longest span":         {vector(vectorV1), []string{vectorSecret}, 0, []WebhookOption{WithTolerance(1<<63 - 1)}},
	} {
		event, err := VerifyWebhook([]byte(vectorBody), x.headers, x.keys, append(x.options, WithNow(vectorNow.Add(x.after)))...)
		if err != nil || string(event.Extra["test"]) != "2432232314" {
			t.Errorf("%s: %+v, %v", name, event, err)
		}
	}
}

func repeat(s string, n int) (out []string) {
	for range n {
		out = append(out, s)
	}
	return out
}

func TestWebhookEvent(t *testing.T) {
	for name, x := range map[string]struct{ data, payment string }{
		"whole": {`"data":{"payment":{"id":"pay_1","amount":1999}},`, "pay_1"},
		"thin":  {``, ""},
		"null":  {`"data":null,`, ""},
	} {
		body := `{"id":"evt_1","object":"event","sequence":7,"type":"payment.captured",` + x.data +
			`"related":{"id":"pay_1","type":"payment","url":"/v1/payments/pay_1"}}`
		timestamp := strconv.FormatInt(time.Now().Unix(), 10)
		h := delivered("evt_1", timestamp, sign(t, vectorSecret, "evt_1."+timestamp+"."+body))
		event, err := VerifyWebhook([]byte(body), h, []string{vectorSecret})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		payment := ""
		if event.Data != nil {
			payment = event.Data.Payment.ID
		}
		if event.ID != "evt_1" || event.Sequence != 7 || event.Type != "payment.captured" || event.Related.ID != "pay_1" || payment != x.payment {
			t.Errorf("%s: %+v", name, event)
		}
	}
}

func TestWebhookIsRefused(t *testing.T) {
	at := strconv.Itoa(vectorTime)
	publicKey, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(vectorPublicKey, "whpk_"))
	both := []string{vectorSecret, vectorPublicKey}
	all := vectorV1 + " " + vectorV1a
	list := sign(t, vectorSecret, vectorID+"."+at+".[]")
	for name, x := range map[string]struct {
		body    string
		headers http.Header
		keys    []string
		after   time.Duration
		code    string
	}{
		"another body":             {vectorBody + " ", vector(all), both, 0, "webhook_signature_mismatch"},
		"no body":                  {"", vector(all), both, 0, "webhook_signature_mismatch"},
		"another id":               {vectorBody, delivered("msg_2", at, all), both, 0, "webhook_signature_mismatch"},
		"another second":           {vectorBody, delivered(vectorID, "1614265331", all), both, 0, "webhook_signature_mismatch"},
		"a zero before":            {vectorBody, delivered(vectorID, "0"+at, all), both, 0, "webhook_signature_mismatch"},
		"other keys":               {vectorBody, vector(all), []string{otherSecret, otherKey}, 0, "webhook_signature_mismatch"},
		"only v1a for a secret":    {vectorBody, vector(vectorV1a), []string{vectorSecret}, 0, "webhook_signature_mismatch"},
		"only v1 for a public key": {vectorBody, vector(vectorV1), []string{vectorPublicKey}, 0, "webhook_signature_mismatch"},
		"a MAC with the public key": {vectorBody, vector(mac(publicKey, vectorID+"."+at+"."+vectorBody)),
			[]string{vectorPublicKey}, 0, "webhook_signature_mismatch"},
		"the versions exchanged": {vectorBody, vector("v1a"+vectorV1[2:], "v1"+vectorV1a[3:]), both, 0, "webhook_signature_mismatch"},
		"other versions":         {vectorBody, vector("v2"+vectorV1[2:], "v2a"+vectorV1a[3:]), both, 0, "webhook_signature_mismatch"},
		"a byte more":            {vectorBody, vector("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OEA"), both, 0, "webhook_signature_mismatch"},
		"no versions":            {vectorBody, vector(vectorV1[3:], vectorV1a[4:]), both, 0, "webhook_signature_mismatch"},
		"half signatures":        {vectorBody, vector(vectorV1[:20], vectorV1a[:20]), both, 0, "webhook_signature_mismatch"},
		"empty signatures":       {vectorBody, vector("v1,", "v1a,"), both, 0, "webhook_signature_mismatch"},
		"no base64":              {vectorBody, vector("v1,\x00\xff", "v1a,####"), both, 0, "webhook_signature_mismatch"},
		"a line end in base64":   {vectorBody, vector(vectorV1[:10] + "\n" + vectorV1[10:]), both, 0, "webhook_signature_mismatch"},
		"commas between":         {vectorBody, vector(vectorV1 + "," + vectorV1), both, 0, "webhook_signature_mismatch"},

		"too old":              {vectorBody, vector(all), both, 5*time.Minute + 1, "webhook_too_old"},
		"too new":              {vectorBody, vector(all), both, -5*time.Minute - 1, "webhook_too_new"},
		"1970":                 {vectorBody, delivered(vectorID, "0", all), both, 0, "webhook_too_old"},
		"in thousands":         {vectorBody, delivered(vectorID, "999999999999", all), both, 0, "webhook_too_new"},
		"in milliseconds":      {vectorBody, delivered(vectorID, at+"000", all), both, 0, "webhook_timestamp_invalid"},
		"a fraction":           {vectorBody, delivered(vectorID, at+".0", all), both, 0, "webhook_timestamp_invalid"},
		"a sign":               {vectorBody, delivered(vectorID, "+"+at, all), both, 0, "webhook_timestamp_invalid"},
		"a space":              {vectorBody, delivered(vectorID, " "+at, all), both, 0, "webhook_timestamp_invalid"},
		"a date":               {vectorBody, delivered(vectorID, "2021-02-25", all), both, 0, "webhook_timestamp_invalid"},
		"other digits":         {vectorBody, delivered(vectorID, "١٦", all), both, 0, "webhook_timestamp_invalid"},
		"no headers":           {vectorBody, nil, both, 0, "webhook_header_missing"},
		"an empty id":          {vectorBody, delivered("", at, all), both, 0, "webhook_header_missing"},
		"an empty signature":   {vectorBody, delivered(vectorID, at, ""), both, 0, "webhook_header_missing"},
		"no timestamp":         {vectorBody, http.Header{"Webhook-Id": {vectorID}, "Webhook-Signature": {all}}, both, 0, "webhook_header_missing"},
		"two ids":              {vectorBody, http.Header{"Webhook-Id": {vectorID, vectorID}}, both, 0, "webhook_header_invalid"},
		"two ids, differently": {vectorBody, http.Header{"Webhook-Id": {vectorID}, "webhook-id": {"msg_2"}}, both, 0, "webhook_header_invalid"},
		"a long id":            {vectorBody, delivered(strings.Repeat("i", 257), at, all), both, 0, "webhook_header_invalid"},
		"a space in the id":    {vectorBody, delivered("msg 1", at, all), both, 0, "webhook_header_invalid"},
		"101 signatures":       {vectorBody, vector(append(repeat("v1,", 100), vectorV1)...), both, 0, "webhook_header_invalid"},
		"a long signature":     {vectorBody, vector(vectorV1, strings.Repeat("s", 16<<10)), both, 0, "webhook_header_invalid"},
		"a signed list":        {"[]", vector(list), both, 0, "webhook_event_invalid"},
		"signed null":          {"null", vector(sign(t, vectorSecret, vectorID+"."+at+".null")), both, 0, "webhook_event_invalid"},
		"signed text":          {"{", vector(sign(t, vectorSecret, vectorID+"."+at+".{")), both, 0, "webhook_event_invalid"},
		"a member out of type": {`{"id":1}`, vector(sign(t, vectorSecret, vectorID+"."+at+`.{"id":1}`)), both, 0, "webhook_event_invalid"},
	} {
		event, err := VerifyWebhook([]byte(x.body), x.headers, x.keys, WithNow(vectorNow.Add(x.after)))
		var failed *Error
		if event != nil || !errors.As(err, &failed) || !errors.Is(err, ErrWebhook) || failed.Code != x.code {
			t.Errorf("%s: %v, %v, want %s", name, event, err, x.code)
		}
	}
}

// TestWebhookKeysAreJudgedFirst: a mistake in the settings shows at the first delivery,
// whatever it is, and the key does not show.
func TestWebhookKeysAreJudgedFirst(t *testing.T) {
	rest := strings.TrimPrefix(vectorSecret, "whsec_")
	for name, keys := range map[string][]string{
		"none":              nil,
		"empty":             {""},
		"no prefix":         {rest},
		"another prefix":    {"whsk_" + rest},
		"no base64":         {"whsec_" + rest[:31] + "!"},
		"of URLs":           {"whsec_" + strings.Repeat("_-", 16)},
		"a line end":        {vectorSecret + "\n"},
		"23 bytes":          {"whsec_" + base64.StdEncoding.EncodeToString(make([]byte, 23))},
		"65 bytes":          {"whsec_" + base64.StdEncoding.EncodeToString(make([]byte, 65))},
		"no padding":        {strings.TrimRight(vectorPublicKey, "=")},
		"bits to spare":     {strings.Replace(vectorPublicKey, "bg=", "bh=", 1)},
		"a short key":       {"whpk_" + rest},
		"beside a good one": {vectorSecret, "whpk_" + rest},
	} {
		_, err := VerifyWebhook([]byte(vectorBody), vector(vectorV1), keys, WithNow(vectorNow))
		var failed *Error
		if !errors.As(err, &failed) || !errors.Is(err, ErrInvalidRequest) || failed.Code != "webhook_key_invalid" || strings.Contains(err.Error(), rest[:8]) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, tolerance := range []time.Duration{0, -time.Second} {
		var failed *Error
		_, err := VerifyWebhook([]byte(vectorBody), vector(vectorV1), []string{vectorSecret}, WithNow(vectorNow), WithTolerance(tolerance))
		if !errors.As(err, &failed) || failed.Code != "webhook_tolerance_invalid" {
			t.Errorf("a tolerance of %s: %v", tolerance, err)
		}
	}
}

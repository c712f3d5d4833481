package oauth

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/go-jose/go-jose/v4"

	"github.com/florinpay/florin/internal/id"
)

func FuzzForm(f *testing.F) {
	for _, s := range []string{"", "a=1&b=2", "a=1&a=1", "a=%zz", "a=1;b=2", "=", "a", "&&&", "a=%00", "a=%ff", "%61=1&a=1", strings.Repeat("a=1&", 70)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		form, fail := parseForm(text)
		if fail != nil {
			return
		}
		want, err := url.ParseQuery(text)
		if err != nil {
			t.Fatalf("%q was read", text)
		}
		for name, values := range form {
			if len(values) != 1 || values[0] == "" || values[0] != want.Get(name) || len(want[name]) != 1 || !utf8.ValidString(values[0]) {
				t.Errorf("%q: %q is %q", text, name, values)
			}
		}
	})
}

func FuzzDetails(f *testing.F) {
	good := `[{"type":"payment","payee":"` + string(id.New[id.Merchant](time.Now())) + `","currency":"USD","amount":"1000","payment_amount":5,"interval":"R/2027-01-01T00:00:00Z/P1M"}]`
	for _, s := range []string{
		good, strings.Replace(good, `"1000"`, "1e3", 1), strings.Replace(good, `"1000"`, "10.0", 1), strings.Replace(good, `"1000"`, "9007199254740993", 1), strings.Replace(good, `"1000"`, "-1", 1),
		strings.Replace(good, `"amount"`, `"Amount"`, 1), strings.Replace(good, `{"type"`, `{"type":"payment","type"`, 1), "[]", "[null]", "null", "{}", `[{"type":"payment"`, good + good, "[" + good + "]",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		list, err := ParseDetails(text)
		if err != nil {
			return
		}
		again, err := json.Marshal(list)
		if err != nil {
			t.Fatal(err)
		}
		back, err := ParseDetails(string(again))
		if err != nil || !reflect.DeepEqual(list, back) {
			t.Errorf("%q is %+v, then %+v, %v", text, list, back, err)
		}
		// What we read is what a reader without floats would read.
		var loose []struct {
			Amount json.RawMessage `json:"amount"`
		}
		if err := json.Unmarshal([]byte(text), &loose); err != nil || len(loose) != len(list) {
			t.Fatalf("%q is no JSON list: %v", text, err)
		}
		for i, d := range list {
			n, ok := new(big.Int).SetString(strings.Trim(string(loose[i].Amount), `"`), 10)
			if !ok || n.Cmp(big.NewInt(d.Amount)) != 0 || d.Amount < 1 || d.Payment > d.Amount || !lowered(list, list) {
				t.Errorf("%q: %s was read as %d", text, loose[i].Amount, d.Amount)
			}
		}
	})
}

func FuzzUserCode(f *testing.F) {
	for _, s := range []string{"BCDF-GHJK", "bcdfghjk", "", "BCDF GHJK", "ſCDFGHJK", "ⓑCDFGHJK", "BCDFGHJ\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		code, ok := readUserCode(text)
		if !ok {
			return
		}
		if again, ok := readUserCode(shown(code)); !ok || again != code || len(code) != userCodeLen || strings.Trim(code, userCodeLetters) != "" {
			t.Errorf("%q is %q", text, code)
		}
	})
}

// FuzzJWT: whatever bytes come, nothing is believed that no key of ours has signed.
func FuzzJWT(f *testing.F) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	public := jose.JSONWebKey{Key: key.Public(), KeyID: "1"}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: "1"}}, (&jose.SignerOptions{}).WithType(typeAccess))
	if err != nil {
		f.Fatal(err)
	}
	o, err := signer.Sign([]byte(`{"iss":"a","exp":1}`))
	if err != nil {
		f.Fatal(err)
	}
	good, err := o.CompactSerialize()
	if err != nil {
		f.Fatal(err)
	}
	part := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	for _, s := range []string{good, good[:len(good)-1], "", "..", part(`{"alg":"none"}`) + ".e30.", part(`{"alg":"ES256","kid":"1","typ":"at+jwt","crit":["x"]}`) + ".e30.AA", part(`{"alg":"ES256","jwk":{}}`) + ".e30.AA", "{}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var c claims
		pick := func(h jose.Header) *jose.JSONWebKey {
			if h.KeyID == "1" {
				return &public
			}
			return nil
		}
		if verify(text, pick, []string{typeAccess}, &c) == nil && !strings.HasPrefix(text, good[:strings.LastIndex(good, ".")]) {
			t.Errorf("%q was believed", text)
		}
		_, _ = assertionOf(text)
		_ = (*Verifier)(nil).Inspect(context.Background(), text, time.Unix(0, 0))
		p := &provers{sizeMax: 4, known: map[string]*prover{}}
		if _, ok := p.open(text, &proofClaims{}); ok {
			if _, again := p.open(text, &proofClaims{}); !again {
				t.Errorf("%q was good once", text)
			}
		}
	})
}

// FuzzSignature: the short way to check a signature says what the library says.
func FuzzSignature(f *testing.F) {
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	pub, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	rs, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		f.Fatal(err)
	}
	kinds := []struct {
		alg     jose.SignatureAlgorithm
		private any
		public  crypto.PublicKey
	}{{jose.ES256, ec, ec.Public()}, {jose.EdDSA, ed, pub}, {jose.PS256, rs, rs.Public()}}
	f.Add(byte(0), []byte("{}"), []byte{}, -1)
	f.Add(byte(1), []byte(`{"jti":"x"}`), []byte{1}, 3)
	f.Add(byte(2), []byte(`{}`), []byte{}, 70)
	f.Fuzz(func(t *testing.T, kind byte, payload, tail []byte, flip int) {
		k := kinds[int(kind)%len(kinds)]
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: k.alg, Key: k.private}, nil)
		if err != nil {
			t.Fatal(err)
		}
		o, err := signer.Sign(payload)
		if err != nil {
			t.Fatal(err)
		}
		text, err := o.CompactSerialize()
		if err != nil {
			t.Fatal(err)
		}
		cut := strings.LastIndex(text, ".")
		sig, err := base64.RawURLEncoding.DecodeString(text[cut+1:])
		if err != nil {
			t.Fatal(err)
		}
		if sig = append(sig, tail...); flip >= 0 && flip < len(sig) {
			sig[flip] ^= 1
		}
		parsed, err := jose.ParseSignedCompact(text[:cut+1]+base64.RawURLEncoding.EncodeToString(sig), algs)
		want := err == nil
		if want {
			_, err = parsed.Verify(k.public)
			want = err == nil
		}
		if got := signed(k.alg, k.public, text[:cut], sig); got != want {
			t.Errorf("%s: %v, the library says %v", k.alg, got, want)
		}
	})
}

// No letter of a user code is more likely than another.
func TestUserCodesAreFair(t *testing.T) {
	seen := map[byte]int{}
	const codes = 20_000
	for range codes {
		for _, c := range []byte(newUserCode()) {
			seen[c]++
		}
	}
	want := codes * userCodeLen / len(userCodeLetters)
	for c, n := range seen {
		if n < want*94/100 || n > want*106/100 { // over five deviations; a remainder of 256 by 20 is 6 % on its own
			t.Errorf("%c came %d times, want about %d", c, n, want)
		}
	}
	if len(seen) != len(userCodeLetters) {
		t.Errorf("%d letters", len(seen))
	}
}

// Names are remembered for their span and not for ever, and a full memory takes no more.
func TestRecentForgetsLateAndNeverEarly(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	r := newRecent(time.Minute, 100)
	name := func(n byte) [32]byte { return [32]byte{n} }
	for step := range 200 { // of 7 seconds
		at := now.Add(time.Duration(step) * 7 * time.Second)
		if fresh, room := r.use(name(byte(step)), at); !fresh || !room {
			t.Fatalf("step %d: %v %v", step, fresh, room)
		}
		for back := 0; back <= 8 && back <= step; back++ {
			if fresh, _ := r.use(name(byte(step-back)), at); fresh {
				t.Errorf("step %d forgot what was %d seconds ago", step, back*7)
			}
		}
	}
	if n := len(r.young) + len(r.old); n > 40 {
		t.Errorf("%d names are kept", n)
	}
	for n := range 200 {
		if _, room := r.use([32]byte{1, byte(n)}, now.Add(1400*time.Second)); !room {
			return
		}
	}
	t.Error("there is room without end")
}

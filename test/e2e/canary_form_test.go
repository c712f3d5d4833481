package e2e

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"
	"unicode/utf16"
)

// canaries are card numbers that must be found nowhere. They are published test
// numbers, and nobody's cards.
var canaries = []string{
	"4242424242424242", "4012888888881881", "5555555555554444", "378282246310005",
	"6011111111111117", "3056930009020004", "3566002020360505", "6200000000000005",
	"4000000000000341", // its bank is silent: it is in memory when the server dies
}

// The codes that go with them: four digits for American Express.
const (
	canaryCode       = "987"
	canaryCodeOfFour = "9876"
)

// codePattern is a code where one would be kept: beside its name, in quotes, or as
// the field of a Protobuf message. Bare digits occur in every time and id.
var codePattern = regexp.MustCompile(`(?i)cv[vc]2?\W{0,6}9876?\b|["']9876?["']|2\x03987|2\x049876`)

// form is one way to write a canary.
type form struct {
	name string
	text []byte
}

var forms = func() (list []form) {
	for _, n := range canaries {
		for _, written := range []form{{"as it is", []byte(n)}, {"with spaces", []byte(grouped(n, " "))}, {"with dashes", []byte(grouped(n, "-"))}} {
			list = append(list, form{n + " " + written.name, written.text})
			list = append(list, encoded(n+" "+written.name, written.text)...)
		}
	}
	return list
}()

// grouped is a number in fours, or as American Express does.
func grouped(n, between string) string {
	if len(n) == 15 {
		return n[:4] + between + n[4:10] + between + n[10:]
	}
	return strings.Join([]string{n[:4], n[4:8], n[8:12], n[12:]}, between)
}

func encoded(name string, text []byte) []form {
	list := []form{
		{name + ", in hexadecimal", []byte(hex.EncodeToString(text))},
		{name + ", in hexadecimal twice", []byte(hex.EncodeToString([]byte(hex.EncodeToString(text))))},
	}
	var little, big []byte
	for _, unit := range utf16.Encode([]rune(string(text))) {
		little, big = append(little, byte(unit), byte(unit>>8)), append(big, byte(unit>>8), byte(unit))
	}
	list = append(list, form{name + ", in UTF-16LE", little}, form{name + ", in UTF-16BE", big})
	for before := range 3 { // where it stands in a longer text decides how it looks
		whole := base64.StdEncoding.EncodeToString(append(bytes.Repeat([]byte{0}, before), text...))
		from, to := (before*8+5)/6, (before+len(text))*8/6
		list = append(list, form{fmt.Sprintf("%s, in base64 after %d bytes", name, before), []byte(whole[from:to])})
	}
	return list
}

// spotless fails the test if a canary is in text, or in something compressed in it.
func spotless(t *testing.T, where string, text []byte) {
	t.Helper()
	for _, f := range forms {
		if at := bytes.Index(text, f.text); at >= 0 {
			t.Errorf("%s holds %s: …%q…", where, f.name, around(text, at))
		}
	}
	if at := codePattern.FindIndex(text); at != nil {
		t.Errorf("%s holds a code: …%q…", where, around(text, at[0]))
	}
	for at := 0; ; at++ {
		next := bytes.Index(text[at:], []byte("\x1f\x8b\x08"))
		if next < 0 {
			return
		}
		at += next
		if plain := unzipped(text[at:]); len(plain) > 0 {
			spotless(t, where+", uncompressed", plain)
		}
	}
}

func unzipped(text []byte) []byte {
	r, err := gzip.NewReader(bytes.NewReader(text))
	if err != nil {
		return nil
	}
	plain, _ := io.ReadAll(io.LimitReader(r, 10<<20)) // as far as it goes
	return plain
}

func around(text []byte, at int) []byte {
	return text[max(0, at-60):min(len(text), at+80)]
}

// TestFormsAreFound: a search that finds nothing proves something only if it finds
// what is there.
func TestFormsAreFound(t *testing.T) {
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	_, _ = io.WriteString(w, "card 4242424242424242")
	_ = w.Close()
	for name, text := range map[string]string{
		"raw": "x4242424242424242y", "spaced": "4242 4242 4242 4242", "dashed": "3782-822463-10005",
		"hexadecimal": hex.EncodeToString([]byte("n=6011111111111117")),
		"base64":      base64.StdEncoding.EncodeToString([]byte(`{"n":"5555555555554444"}`)),
		"UTF-16":      string([]byte("\x00" + strings.Join(strings.Split("4242424242424242", ""), "\x00"))),
		"gzip":        "xx" + zipped.String(), "a code": `"cvv":"987"`, "a code in a message": "2\x049876",
	} {
		if !found([]byte(text)) {
			t.Errorf("%s is not found in %q", name, text)
		}
	}
	for _, text := range []string{"2026-11-24T01:31:18.987654Z", `"duration_us":987,`, "card_4242", "4242424242424241"} {
		if found([]byte(text)) {
			t.Errorf("something is found in %q", text)
		}
	}
}

func found(text []byte) bool {
	for _, f := range forms {
		if bytes.Contains(text, f.text) {
			return true
		}
	}
	if at := bytes.Index(text, []byte("\x1f\x8b\x08")); at >= 0 && found(unzipped(text[at:])) {
		return true
	}
	return codePattern.Match(text)
}

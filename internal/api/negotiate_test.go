package api

import (
	"testing"

	"github.com/florinpay/florin/internal/wire"
)

func TestNegotiation(t *testing.T) {
	table := codecs{{media: "application/json"}, {media: "application/xml"}, {media: "application/protobuf"}}
	for _, c := range []struct {
		accept []string
		want   string
	}{
		{nil, "application/json"},
		{[]string{""}, "application/json"},
		{[]string{"*/*"}, "application/json"},
		{[]string{"application/*"}, "application/json"},
		{[]string{"application/xml"}, "application/xml"},
		{[]string{"APPLICATION/XML;Charset=\"utf-8\""}, "application/xml"},
		{[]string{"application/xml;q=0.5, application/json;q=0.4"}, "application/xml"},
		{[]string{"application/xml;q=0.5", "application/protobuf"}, "application/protobuf"},
		{[]string{"*/*;q=0.1, application/json;q=0"}, "application/xml"},
		{[]string{"application/*;q=0.2, */*;q=0.9"}, "application/json"},
		{[]string{"application/json;q=0.001, application/xml;q=0.002"}, "application/xml"},
		{[]string{"application/xml, application/json"}, "application/json"}, // equally wanted: our order
		{[]string{"text/html, application/xhtml+xml, */*;q=0.8"}, "application/json"},
		{[]string{"text/html"}, ""},
		{[]string{"application/json;q=0"}, ""},
		{[]string{"application/json;q=0.000"}, ""},
		{[]string{"application/json;q=2"}, ""},
		{[]string{"application/json;q=1.001"}, ""},
		{[]string{"application/json;q="}, ""},
		{[]string{"application/json;q=-1"}, ""},
		{[]string{"application/json;q=0.1234"}, ""},
		{[]string{"application/json;charset=latin1"}, ""},
		{[]string{"application/json;profile=x"}, ""},
		{[]string{"json"}, ""},
		{[]string{";;;,,,q=1"}, ""},
	} {
		got := ""
		if chosen := table.writes(c.accept); chosen != nil {
			got = chosen.media
		}
		if got != c.want {
			t.Errorf("Accept %q gives %q, want %q", c.accept, got, c.want)
		}
	}
}

// TestProblemsAreReadable: a problem comes in a format that the caller accepts, if
// there is one.
func TestProblemsAreReadable(t *testing.T) {
	table := newCodecs(wire.ContractShapes())
	for accept, want := range map[string]string{
		"": "application/problem+json; charset=utf-8", "*/*": "application/problem+json; charset=utf-8",
		"text/html":                       "application/problem+json; charset=utf-8",
		"application/json":                "application/problem+json; charset=utf-8",
		"application/xml":                 "application/problem+xml; charset=utf-8",
		"text/xml":                        "application/problem+xml; charset=utf-8",
		"text/html, application/xml;q=.9": "application/problem+json; charset=utf-8",
		"application/problem+xml":         "application/problem+xml; charset=utf-8",
		"application/protobuf":            "application/protobuf",
		"application/x-protobuf":          "application/x-protobuf",
		"application/problem+json;q=0.5, application/problem+xml;q=0.4": "application/problem+json; charset=utf-8",
		"*/*, application/json;q=0":                                     "application/problem+xml; charset=utf-8",
	} {
		if got := table.complains([]string{accept}).problem[0]; got != want {
			t.Errorf("Accept %q: problems come as %q, want %q", accept, got, want)
		}
	}
}

func TestContentTypes(t *testing.T) {
	table := codecs{{media: "application/json"}, {media: "application/xml"}}
	for header, want := range map[string]string{
		"application/json":                     "application/json",
		" Application/JSON ; charset = UTF-8 ": "application/json",
		"application/json;":                    "application/json",
		"application/xml;charset=\"utf-8\"":    "application/xml",
		"application/json; charset=utf-16":     "",
		"application/json; charset=utf-8; a=b": "",
		"application/jsonx":                    "",
		"application/problem+json":             "",
		"application/x-www-form-urlencoded":    "",
		"":                                     "",
		"application/json, application/json":   "",
	} {
		got := ""
		c, err := table.reads([]string{header})
		if c != nil {
			got = c.media
		}
		if got != want || (err == nil) != (want != "") {
			t.Errorf("Content-Type %q gives %q, %v; want %q", header, got, err, want)
		}
	}
	if c, err := table.reads(nil); c != nil || err != nil {
		t.Errorf("no Content-Type gives %v, %v", c, err)
	}
	if _, err := table.reads([]string{"application/json", "application/json"}); err == nil {
		t.Error("two Content-Type headers were taken")
	}
}

func FuzzNegotiation(f *testing.F) {
	f.Add("application/json;q=0.5, */*;q=0.1")
	table := newCodecs(wire.ContractShapes())
	f.Fuzz(func(t *testing.T, header string) {
		table.writes([]string{header})
		if _, err := table.reads([]string{header}); err != nil && len(err.Error()) > 300 {
			t.Errorf("the refusal repeats the header: %v", err)
		}
	})
}

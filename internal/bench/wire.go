package bench

import (
	"bytes"
	"compress/flate"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// WireTarget is the server whose answers are measured.
type WireTarget struct {
	URL string // http://host:port, for HTTP/1.1 and HTTP/2 in the clear
	Key string // an API key that may read Paths
	// Paths are what is asked for, each with what to call it.
	Paths []WirePath
}

// WirePath is an answer to measure.
type WirePath struct{ Name, Path string }

// Wire is how many bytes answers and headers take.
type Wire struct {
	Dictionary int // bytes of the shared dictionary, fetched once
	Bodies     []WireBody
	Headers    []WireHeader
}

// WireBody is the size of one answer's body in one format, in bytes, by coding.
// Huffman is the plain body with Huffman coding alone: what it would take without
// looking for repeats. Nobody sends that.
type WireBody struct {
	Answer, Format                  string
	Plain, Huffman, Gzip, Zstd, Dcz int
}

// WireHeader is the size of the header of one request and of its answer, in bytes.
type WireHeader struct {
	Protocol        string
	Request, Answer int
}

// wireFormats are the formats that a server may speak; one that it refuses is left out.
var wireFormats = [...]struct{ name, accept string }{
	{"JSON", "application/json"}, {"XML", "application/xml"}, {"Protobuf", "application/protobuf"},
}

// MeasureWire asks for each answer in each format and coding. It fails on an answer that
// does not unpack to the plain one.
func MeasureWire(ctx context.Context, t WireTarget) (w Wire, err error) {
	c := wireClient{t, &http.Client{Transport: &http.Transport{DisableCompression: true}}, nil, nil}
	defer c.http.CloseIdleConnections()
	if err := c.learn(ctx); err != nil {
		return w, err
	}
	defer c.reader.Close()
	w.Dictionary = len(c.dictionary)
	for _, p := range t.Paths {
		for _, f := range wireFormats {
			body, ok, err := c.body(ctx, p.Path, f.accept)
			if err != nil {
				return w, err
			}
			if ok {
				body.Answer, body.Format = p.Name, f.name
				w.Bodies = append(w.Bodies, body)
			}
		}
	}
	w.Headers, err = measureHeaders(ctx, t)
	return w, err
}

type wireClient struct {
	WireTarget
	http       *http.Client
	dictionary []byte
	reader     *zstd.Decoder // that knows the dictionary
}

// learn fetches the server's shared dictionary. Source: RFC 9842 §2, §3.
func (c *wireClient) learn(ctx context.Context) error {
	a, err := c.get(ctx, c.Paths[0].Path, "Accept-Encoding", "dcz")
	if err != nil {
		return err
	}
	path, _, found := strings.Cut(strings.TrimPrefix(a.header.Get("Link"), "<"), `>; rel="compression-dictionary"`)
	if !found {
		return fmt.Errorf("%s names no dictionary", c.Paths[0].Path)
	}
	if a, err = c.get(ctx, path); err != nil {
		return err
	}
	c.dictionary = a.body
	c.reader, err = zstd.NewReader(nil, zstd.WithDecoderDictRaw(0, c.dictionary))
	return err
}

// body measures one answer; ok is false if the server does not speak the format.
func (c *wireClient) body(ctx context.Context, path, accept string) (b WireBody, ok bool, err error) {
	plain, err := c.get(ctx, path, "Accept", accept, "Accept-Encoding", "identity")
	if plain.status == http.StatusNotAcceptable {
		return b, false, nil
	}
	if err != nil {
		return b, false, err
	}
	b.Plain, b.Huffman = len(plain.body), huffmanOnly(plain.body)
	sum := sha256.Sum256(c.dictionary)
	held := ":" + base64.StdEncoding.EncodeToString(sum[:]) + ":"
	for _, coding := range []struct {
		name string
		size *int
	}{{"gzip", &b.Gzip}, {"zstd", &b.Zstd}, {"dcz", &b.Dcz}} {
		packed, err := c.get(ctx, path, "Accept", accept, "Accept-Encoding", coding.name, "Available-Dictionary", held)
		if err != nil {
			return b, false, err
		}
		if got := packed.header.Get("Content-Encoding"); got != coding.name {
			return b, false, fmt.Errorf("%s of %s came as %q", coding.name, path, got)
		}
		*coding.size = len(packed.body)
		if unpacked, err := c.unpack(coding.name, packed.body); err != nil || !bytes.Equal(unpacked, plain.body) {
			return b, false, fmt.Errorf("%s of %s does not unpack to the plain answer: %w", coding.name, path, err)
		}
	}
	return b, true, nil
}

func (c *wireClient) unpack(coding string, packed []byte) ([]byte, error) {
	if coding != "gzip" {
		return c.reader.DecodeAll(packed, nil)
	}
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

// wireAnswer is an answer as it came.
type wireAnswer struct {
	status int
	header http.Header
	body   []byte
}

// get fails on any status but 200, and gives the answer all the same.
func (c *wireClient) get(ctx context.Context, path string, headers ...string) (w wireAnswer, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.URL+path, nil)
	if err != nil {
		return w, err
	}
	r.Header.Set("Authorization", "Bearer "+c.Key)
	for i := 1; i < len(headers); i += 2 {
		r.Header.Set(headers[i-1], headers[i])
	}
	a, err := c.http.Do(r)
	if err != nil {
		return w, err
	}
	defer a.Body.Close()
	w.status, w.header = a.StatusCode, a.Header
	w.body, err = io.ReadAll(io.LimitReader(a.Body, answerBytesMax))
	if err == nil && w.status != http.StatusOK {
		err = fmt.Errorf("%s: HTTP %d %s", path, w.status, short(string(w.body)))
	}
	return w, err
}

func huffmanOnly(body []byte) int {
	var out bytes.Buffer
	w, _ := flate.NewWriter(&out, flate.HuffmanOnly) // fails on an unknown level only
	_, _ = w.Write(body)                             // a buffer takes all
	_ = w.Close()
	return out.Len()
}

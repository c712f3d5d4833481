package bench

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/url"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// measureHeaders sends the same request over HTTP/1.1, and twice over one connection
// of HTTP/2, and counts the bytes of the headers.
func measureHeaders(ctx context.Context, t WireTarget) ([]WireHeader, error) {
	at, err := url.Parse(t.URL)
	if err != nil {
		return nil, err
	}
	fields := []hpack.HeaderField{
		{Name: "authorization", Value: "Bearer " + t.Key}, {Name: "accept", Value: "application/json"},
		{Name: "accept-encoding", Value: "gzip, zstd"}, {Name: "user-agent", Value: "example-shop/1.0"},
	}
	one, err := headersOfOne(ctx, at, t.Paths[0].Path, fields)
	if err != nil {
		return nil, err
	}
	two, err := headersOfTwo(ctx, at, t.Paths[0].Path, fields)
	return append([]WireHeader{one}, two...), err
}

func headersOfOne(ctx context.Context, at *url.URL, path string, fields []hpack.HeaderField) (w WireHeader, err error) {
	c, err := new(net.Dialer).DialContext(ctx, "tcp", at.Host)
	if err != nil {
		return w, err
	}
	defer c.Close()
	var q bytes.Buffer
	fmt.Fprintf(&q, "GET %s HTTP/1.1\r\nHost: %s\r\n", path, at.Host)
	for _, f := range fields {
		fmt.Fprintf(&q, "%s: %s\r\n", f.Name, f.Value)
	}
	q.WriteString("\r\n")
	w.Protocol, w.Request = "HTTP/1.1, each", q.Len()
	if _, err := c.Write(q.Bytes()); err != nil {
		return w, err
	}
	for br := bufio.NewReader(c); ; {
		line, err := br.ReadSlice('\n')
		if err != nil {
			return w, err
		}
		if w.Answer += len(line); len(line) == 2 {
			return w, nil
		}
	}
}

func headersOfTwo(ctx context.Context, at *url.URL, path string, fields []hpack.HeaderField) (list []WireHeader, err error) {
	c, err := new(net.Dialer).DialContext(ctx, "tcp", at.Host)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	if _, err := io.WriteString(c, http2.ClientPreface); err != nil {
		return nil, err
	}
	framer := http2.NewFramer(c, c)
	if err := framer.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: answerBytesMax}); err != nil {
		return nil, err
	}
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	fields = append([]hpack.HeaderField{
		{Name: ":method", Value: "GET"}, {Name: ":scheme", Value: "http"}, {Name: ":authority", Value: at.Host}, {Name: ":path", Value: path},
	}, fields...)
	for i, protocol := range []string{"HTTP/2, first of a connection", "HTTP/2, each after it"} {
		block.Reset()
		for _, f := range fields {
			if err := encoder.WriteField(f); err != nil {
				return nil, err
			}
		}
		stream := uint32(2*i + 1)
		if err := framer.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: block.Bytes(), EndStream: true, EndHeaders: true}); err != nil {
			return nil, err
		}
		w := WireHeader{Protocol: protocol, Request: block.Len()}
		if w.Answer, err = headerBytes(framer, stream); err != nil {
			return nil, err
		}
		list = append(list, w)
	}
	return list, nil
}

// headerBytes reads one answer, and counts the bytes of its header.
func headerBytes(framer *http2.Framer, stream uint32) (n int, err error) {
	for {
		f, err := framer.ReadFrame()
		if err != nil {
			return n, err
		}
		switch f := f.(type) {
		case *http2.HeadersFrame:
			n += len(f.HeaderBlockFragment())
		case *http2.ContinuationFrame:
			n += len(f.HeaderBlockFragment())
		}
		if h := f.Header(); h.StreamID == stream && h.Flags.Has(http2.FlagDataEndStream) && h.Type != http2.FrameWindowUpdate {
			return n, nil
		}
	}
}

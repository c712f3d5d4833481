package bench

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strconv"
)

// answerBytesMax bounds one answer's body.
const answerBytesMax = 16 << 20

var (
	errStatusLine = errors.New("malformed status line")
	errLength     = errors.New("malformed or too large length")
)

// answer is one HTTP/1.1 answer; its body is reused by the next read.
type answer struct {
	status  int
	body    []byte
	closing bool // the server will close the connection
	length  int64
	chunked bool
}

// read takes one whole answer off br, skipping interim ones (1xx). After an error
// the connection is of no more use.
// Source: RFC 9112 §4, §6.
func (a *answer) read(br *bufio.Reader) error {
	for {
		if err := a.readHead(br); err != nil {
			return err
		}
		if a.status >= 200 {
			return a.readBody(br)
		}
	}
}

func (a *answer) readHead(br *bufio.Reader) error {
	line, err := br.ReadSlice('\n')
	if err != nil {
		return err
	}
	if len(line) < 13 || !bytes.HasPrefix(line, []byte("HTTP/1.")) {
		return errStatusLine
	}
	status, ok := threeDigits(line[9:12])
	if !ok || line[8] != ' ' {
		return errStatusLine
	}
	*a = answer{status: status, body: a.body[:0], closing: line[7] == '0', length: -1}
	for {
		line, err = br.ReadSlice('\n')
		if err != nil {
			return err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			return nil
		}
		if err := a.field(line); err != nil {
			return err
		}
	}
}

// field notes the header fields that frame the body. The lengths of their names
// all differ, which spares most fields a comparison.
func (a *answer) field(line []byte) error {
	name, value, _ := bytes.Cut(line, []byte(":"))
	value = bytes.TrimSpace(value)
	switch {
	case len(name) == 14 && bytes.EqualFold(name, []byte("Content-Length")):
		n, err := strconv.ParseUint(string(value), 10, 63)
		if err != nil || n > answerBytesMax {
			return errLength
		}
		a.length = int64(n)
	case len(name) == 17 && bytes.EqualFold(name, []byte("Transfer-Encoding")):
		a.chunked = bytes.EqualFold(value, []byte("chunked"))
	case len(name) == 10 && bytes.EqualFold(name, []byte("Connection")):
		a.closing = bytes.EqualFold(value, []byte("close"))
	}
	return nil
}

func (a *answer) readBody(br *bufio.Reader) error {
	switch {
	case a.status == 204 || a.status == 304:
		return nil
	case a.chunked:
		return a.readChunks(br)
	case a.length >= 0:
		return a.readN(br, int(a.length))
	}
	a.closing = true
	rest, err := io.ReadAll(io.LimitReader(br, answerBytesMax+1))
	if err == nil && len(rest) > answerBytesMax {
		err = errLength
	}
	a.body = append(a.body, rest...)
	return err
}

func (a *answer) readChunks(br *bufio.Reader) error {
	for {
		line, err := br.ReadSlice('\n')
		if err != nil {
			return err
		}
		size, _, _ := bytes.Cut(bytes.TrimSpace(line), []byte(";"))
		n, err := strconv.ParseUint(string(size), 16, 31)
		if err != nil || int(n)+len(a.body) > answerBytesMax {
			return errLength
		}
		if n == 0 {
			return skipTrailer(br)
		}
		if err := a.readN(br, int(n)); err != nil {
			return err
		}
		if _, err := br.ReadSlice('\n'); err != nil {
			return err
		}
	}
}

func skipTrailer(br *bufio.Reader) error {
	for {
		line, err := br.ReadSlice('\n')
		if err != nil {
			return err
		}
		if len(bytes.TrimRight(line, "\r\n")) == 0 {
			return nil
		}
	}
}

func (a *answer) readN(br *bufio.Reader, n int) error {
	at := len(a.body)
	if at+n > cap(a.body) {
		a.body = append(make([]byte, 0, (at+n)*3/2), a.body...)
	}
	a.body = a.body[:at+n]
	_, err := io.ReadFull(br, a.body[at:])
	return err
}

func threeDigits(b []byte) (n int, ok bool) {
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, n >= 100
}

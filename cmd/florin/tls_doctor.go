package main

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// certificateLeft is how long a certificate must last: who renews has done so by then.
// Short-lived ones are renewed after two thirds of their time.
const certificateLeft = 14 * 24 * time.Hour

// certificates looks at the pair that is named, the sandbox's own, and those got by ACME.
func (c *doctorCommand) certificates(context.Context) (found []finding) {
	if c.TLSCert != "" || c.TLSKey != "" {
		found = append(found, c.closed(), c.tlsPair.dates("Renew it: a running server takes the new files by itself."))
	}
	folder := filepath.Join(c.Data, devTLSFolder)
	if _, err := os.Stat(folder); err == nil {
		own := tlsPair{filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")}
		found = append(found, own.closed(), own.dates("Restart 'florin dev --tls': it makes a new one."))
	}
	return append(found, acmeDates(filepath.Join(c.Data, acmeFolder))...)
}

func (p tlsPair) dates(cure string) finding {
	pair, err := p.read()
	if err != nil {
		return finding{"certificate", err.Error(), "Give a certificate and its own key, both in PEM."}
	}
	return dates(p.TLSCert, pair.Leaf, cure)
}

// dates says until when a certificate may be used.
func dates(name string, c *x509.Certificate, cure string) finding {
	now := machine.Now()
	left := min(certificateLeft, c.NotAfter.Sub(c.NotBefore)/5)
	f := finding{what: "certificate", said: fmt.Sprintf("%s: until %s", name, c.NotAfter.UTC().Format(time.DateOnly))}
	switch {
	case now.Before(c.NotBefore):
		f.said = fmt.Sprintf("%s: not before %s", name, c.NotBefore.UTC().Format(time.DateTime))
		f.cure = "Look at the machine's clock, or wait."
	case now.After(c.NotAfter):
		f.said, f.cure = f.said+", which is past", cure
	case now.Add(left).After(c.NotAfter):
		f.cure = cure
	}
	return f
}

// acmeDates looks at the folder of certificates got by ACME: each file that is no
// account and no challenge has a key and a chain.
func acmeDates(folder string) (found []finding) {
	files, err := os.ReadDir(folder)
	if err != nil {
		return nil // no ACME here
	}
	if info, err := os.Stat(folder); err == nil && info.Mode().Perm()&0o077 != 0 {
		found = append(found, finding{"acme", fmt.Sprintf("%s is open to others (mode %o)", folder, info.Mode().Perm()), "chmod 700 " + folder})
	}
	for _, file := range files {
		if strings.Contains(file.Name(), "+") {
			continue // acme_account+key, challenges
		}
		text, err := os.ReadFile(filepath.Join(folder, file.Name()))
		if err != nil {
			found = append(found, finding{"certificate", err.Error(), "Let the server's user read its own folder."})
			continue
		}
		if leaf := leafOf(text); leaf != nil {
			found = append(found, dates(file.Name(), leaf, "The server renews it while it runs with --acme-domain: see its log, and that port 443 of the name leads to it."))
		}
	}
	return found
}

// leafOf is the first certificate of a PEM file.
func leafOf(text []byte) *x509.Certificate {
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "CERTIFICATE" {
			leaf, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				return nil
			}
			return leaf
		}
	}
	return nil
}

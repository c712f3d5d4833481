package identity_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"

	"github.com/go-webauthn/webauthn/protocol/webauthncbor"
)

// Flags of authenticator data. Source: WebAuthn Level 3 §6.1.
const (
	userPresent  = 0x01
	userVerified = 0x04
	eligible     = 0x08
	backedUp     = 0x10
	attested     = 0x40
)

// authenticator makes and uses one passkey, as a security key or a phone does; what a
// test sets makes it lie.
type authenticator struct {
	key    *ecdsa.PrivateKey
	id     []byte
	handle []byte
	flags  byte
	count  uint32

	origin      string // the page that the browser says it is on
	rpID        string // "": as asked
	crossOrigin bool
	challenge   string // "": as asked
	self        bool   // attest by the key itself
	spoil       bool   // the signature
}

func newAuthenticator() *authenticator {
	a := &authenticator{key: must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)), id: make([]byte, 32), flags: userPresent | userVerified, origin: origin}
	_, _ = rand.Read(a.id)
	return a
}

var b64 = base64.RawURLEncoding

// asked is what both kinds of options hold.
type asked struct {
	Challenge        string
	RPID             string `json:"rpId"`
	RP               struct{ ID string }
	User             struct{ ID string }
	UserVerification string
	Selection        struct{ UserVerification, ResidentKey string } `json:"authenticatorSelection"`
	Exclude          []struct{ ID string }                          `json:"excludeCredentials"`
	Allow            []struct{ ID string }                          `json:"allowCredentials"`
	Timeout          int
	Attestation      string
}

func read(options []byte) (o asked) {
	if err := json.Unmarshal(options, &o); err != nil {
		panic(err)
	}
	return o
}

func (a *authenticator) client(kind string, o asked) []byte {
	challenge := o.Challenge
	if a.challenge != "" {
		challenge = a.challenge
	}
	return must(json.Marshal(map[string]any{"type": kind, "challenge": challenge, "origin": a.origin, "crossOrigin": a.crossOrigin}))
}

func (a *authenticator) data(rpID string, flags byte) []byte {
	if a.rpID != "" {
		rpID = a.rpID
	}
	hash := sha256.Sum256([]byte(rpID))
	return binary.BigEndian.AppendUint32(append(hash[:], flags), a.count)
}

func (a *authenticator) sign(data, client []byte) []byte {
	clientHash := sha256.Sum256(client)
	hash := sha256.Sum256(append(append([]byte{}, data...), clientHash[:]...))
	sig := must(ecdsa.SignASN1(rand.Reader, a.key, hash[:]))
	if a.spoil {
		sig[len(sig)-1] ^= 1
	}
	return sig
}

// create answers a registration.
func (a *authenticator) create(options []byte) []byte {
	o := read(options)
	a.handle = must(b64.DecodeString(o.User.ID))
	point := must(a.key.PublicKey.Bytes())
	cose := must(webauthncbor.Marshal(map[int]any{1: 2, 3: -7, -1: 1, -2: point[1:33], -3: point[33:]}))
	data := append(a.data(o.RP.ID, a.flags|attested), make([]byte, 16)...)
	data = binary.BigEndian.AppendUint16(data, uint16(len(a.id)))
	data = append(append(data, a.id...), cose...)
	client := a.client("webauthn.create", o)
	object := map[string]any{"fmt": "none", "attStmt": map[string]any{}, "authData": data}
	if a.self {
		object["fmt"], object["attStmt"] = "packed", map[string]any{"alg": -7, "sig": a.sign(data, client)}
	}
	return a.answer(map[string]any{
		"clientDataJSON": b64.EncodeToString(client), "attestationObject": b64.EncodeToString(must(webauthncbor.Marshal(object))),
		"transports": []string{"internal", "hybrid"},
	})
}

// get answers a sign-in or a step-up, and counts.
func (a *authenticator) get(options []byte) []byte {
	a.count++
	return a.getAgain(options)
}

// getAgain is get by an authenticator that does not count, such as a copy.
func (a *authenticator) getAgain(options []byte) []byte {
	o := read(options)
	data, client := a.data(o.RPID, a.flags), a.client("webauthn.get", o)
	return a.answer(map[string]any{
		"clientDataJSON": b64.EncodeToString(client), "authenticatorData": b64.EncodeToString(data),
		"signature": b64.EncodeToString(a.sign(data, client)), "userHandle": b64.EncodeToString(a.handle),
	})
}

func (a *authenticator) answer(response map[string]any) []byte {
	id := b64.EncodeToString(a.id)
	return must(json.Marshal(map[string]any{
		"id": id, "rawId": id, "type": "public-key", "authenticatorAttachment": "platform",
		"clientExtensionResults": map[string]any{"credProps": map[string]any{"rk": true}}, "response": response,
	}))
}

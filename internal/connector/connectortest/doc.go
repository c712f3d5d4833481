// Package connectortest is the suite that every connector passes before it may
// carry money. It runs against the connector's own simulator, which must know
// the published test cards by their published meaning.
package connectortest

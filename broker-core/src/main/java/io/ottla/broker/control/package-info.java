/** The HTTP end point through which tests in other languages use what {@code io.ottla.broker.testing} has: docs/control.md. */
package io.ottla.broker.control;

package org.turdb;

import java.util.List;

/**
 * What {@link TurdbDriver#recover} has done.
 *
 * @param rows how many were saved
 * @param lost what was lost, each thing in words
 */
public record Recovered(long rows, List<String> lost) {}

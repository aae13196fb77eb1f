'use strict';
// Where Node keeps compiled code between starts. Code from this folder runs as the user who starts Sluice, so it is used only if no
// other user can have written to it. Plain old JavaScript, like bin/sluice.
var fs = require('fs');
var os = require('os');
var path = require('path');

var OTHERS_WRITE = 0o022;
var OTHERS_ANYTHING = 0o077;
var STICKY = 0o1000;

/**
 * The folder, created if needed; null when there is no safe one. `user`: the numeric id of who runs Sluice; undefined on systems
 * without one (Windows), where ownership cannot be checked.
 */
function compileCacheFolder(env, user) {
  if (user === undefined) return null;
  try {
    var base = env.XDG_CACHE_HOME || path.join(env.HOME || os.homedir(), '.cache');
    // The XDG specification: relative paths are invalid.
    if (!path.isAbsolute(base)) return null;
    var folder = path.join(base, 'sluice', 'compile');
    if (!areSafeParents(folder, user)) return null;
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
    // Once more: what was created above is checked as well.
    return areSafeParents(folder, user) && isPrivate(folder, user) ? folder : null;
  } catch (error) {
    // Without a home or a writable disk there is no cache; a start only takes longer.
    return null;
  }
}

/** Every existing folder above `folder` can be changed by `user` and root only, so that nobody else can replace what is below. */
function areSafeParents(folder, user) {
  for (var at = path.dirname(folder); ; at = path.dirname(at)) {
    var found = statOf(at);
    if (found !== null && !isSafeParent(found, user)) return false;
    if (at === path.dirname(at)) return true;
  }
}

function isSafeParent(found, user) {
  if (!found.isDirectory() || (found.uid !== user && found.uid !== 0)) return false;
  // In a sticky folder such as /tmp, others cannot rename or remove what is ours.
  return (found.mode & OTHERS_WRITE) === 0 || (found.mode & STICKY) !== 0;
}

function isPrivate(folder, user) {
  var found = statOf(folder);
  return found !== null && found.isDirectory() && found.uid === user && (found.mode & OTHERS_ANYTHING) === 0;
}

/** Of the path itself: a symbolic link is not a directory here. null: it does not exist. */
function statOf(file) {
  try {
    return fs.lstatSync(file);
  } catch (error) {
    if (error.code === 'ENOENT') return null;
    throw error;
  }
}

exports.compileCacheFolder = compileCacheFolder;

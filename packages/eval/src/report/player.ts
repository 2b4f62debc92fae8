/**
 * The page's only script: one set of controls per group of videos. The first video leads; the others are pulled
 * along when they drift by more than half a frame at 10 frames a second.
 */
export const PLAYER_SCRIPT = `"use strict";
const DRIFT_SEC = 0.05;
for (const grid of document.querySelectorAll(".videos")) {
  const videos = [...grid.querySelectorAll("video")];
  const lead = videos[0];
  if (!lead) continue;
  const bar = document.createElement("div");
  bar.className = "player";
  bar.innerHTML = '<button type="button" aria-label="Play or pause"></button>' +
    '<input type="range" min="0" max="1" step="any" value="0" aria-label="Position"><output></output>' +
    '<select aria-label="Speed"><option value="0.25">\\u00bc\\u00d7</option><option value="0.5">\\u00bd\\u00d7</option>' +
    '<option value="1" selected>1\\u00d7</option><option value="2">2\\u00d7</option></select>';
  grid.after(bar);
  const [button, range, time, speed] = bar.children;
  let playing = false;
  for (const video of videos) {
    video.controls = false;
    video.loop = false;
    video.addEventListener("click", () => toggle());
  }
  const length = () => Math.max(...videos.map((video) => video.duration || 0));
  const seek = (seconds) => {
    for (const video of videos) video.currentTime = Math.min(seconds, video.duration || 0);
  };
  const toggle = (on = !playing) => {
    playing = on;
    button.dataset.playing = String(playing);
    for (const video of videos) playing ? video.play().catch(() => {}) : video.pause();
    if (playing) requestAnimationFrame(follow);
  };
  // Shorter videos rest on their last frame until the longest one ends, then all begin again.
  const follow = () => {
    if (!playing) return;
    const longest = videos.reduce((a, b) => ((b.duration || 0) > (a.duration || 0) ? b : a));
    if (longest.ended) {
      seek(0);
      toggle(true);
    } else {
      for (const video of videos) {
        if (video !== longest && !video.ended && Math.abs(video.currentTime - longest.currentTime) > DRIFT_SEC) {
          video.currentTime = Math.min(longest.currentTime, video.duration || 0);
        }
      }
      show(longest.currentTime);
      requestAnimationFrame(follow);
    }
  };
  const show = (seconds) => {
    range.value = length() > 0 ? seconds / length() : 0;
    time.textContent = seconds.toFixed(1) + " / " + length().toFixed(1) + " s";
  };
  button.addEventListener("click", () => toggle());
  range.addEventListener("input", () => {
    toggle(false);
    seek(range.value * length());
    show(range.value * length());
  });
  speed.addEventListener("change", () => {
    for (const video of videos) video.playbackRate = Number(speed.value);
  });
  for (const video of videos) video.addEventListener("loadedmetadata", () => show(lead.currentTime));
  show(0);
  // Motion begins when the reader gets there, and not at all for those who asked for none.
  if (!matchMedia("(prefers-reduced-motion: reduce)").matches) {
    let started = false;
    new IntersectionObserver((entries) => {
      if (!started && entries.some((entry) => entry.isIntersecting)) toggle((started = true));
    }).observe(grid);
  }
}
`;

import{D as n,q as t,y as i}from"./chunk.GKHIBJNK.js";function r(e){return i(n,{title:t("settings.admin"),children:null})}export{r as AdminPage};
